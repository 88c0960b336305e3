"""policylint.sources"""
