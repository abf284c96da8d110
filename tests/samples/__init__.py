"""Files made in code for the tests of readers: good ones in `good`, and in the others those that must be refused."""
