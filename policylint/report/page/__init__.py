"""The parts of the HTML report: what it shows, each made of elements that escape what they hold."""
