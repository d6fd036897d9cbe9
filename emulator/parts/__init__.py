"""The parts of an emulated terminal. Small, honest, and the fakes of the tests too."""
