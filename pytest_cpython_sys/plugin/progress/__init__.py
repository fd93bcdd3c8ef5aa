"""What is seen while people wait: how a build goes on, and which test keeps them waiting."""
