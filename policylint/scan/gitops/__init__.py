"""What a repository's files declare at one revision: releases with all that renders them.

A package or a module for each tool, which knows no other tool's; `resolve` asks each of them. They
read a `tree`, make what `model` describes, and fill `gotemplates` in.
"""
