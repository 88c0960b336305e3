"""What a repository's files declare at one revision: releases with all that renders them."""
