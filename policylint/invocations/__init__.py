"""policylint.invocations"""
