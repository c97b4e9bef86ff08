"""What a package's pages and scripts tell before anyone plays it: facts, and guesses that say they are guesses."""
