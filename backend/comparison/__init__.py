"""What a comparison of two to four answerers says, as functions of votes and measured values."""
