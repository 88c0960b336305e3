"""policylint.history"""
