"""What plugin authors and our own tests use: fixtures, a package maker, contract tests."""
