"""From a graph to a Program: what is made beforehand, in which order nodes run, what lies where."""
