"""The tasks, one a file; ``homechart_worker.schedule`` lists them."""
