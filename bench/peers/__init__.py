"""What Passback is measured against: each the plainest honest form of its kind."""
