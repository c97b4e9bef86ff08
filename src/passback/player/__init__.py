"""What a learner's browser talks to: opening, the player page, its events, the result page."""
