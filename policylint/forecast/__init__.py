"""policylint.forecast"""
