"""The score as integers, and the grammar of what may come next."""
