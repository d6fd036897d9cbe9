"""The lines that leave an emulated terminal."""
