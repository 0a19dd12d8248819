"""The rules of the product: one service a noun."""
