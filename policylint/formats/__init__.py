"""policylint.formats"""
