"""policylint.values"""
