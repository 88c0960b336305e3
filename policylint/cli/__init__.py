"""policylint.cli"""
