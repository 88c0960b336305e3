"""policylint.render"""
