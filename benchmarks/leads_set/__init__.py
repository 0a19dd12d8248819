"""What visitors say and the lead that a careful salesperson would note from it: one set to tune on, one held out."""
