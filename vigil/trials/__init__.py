"""Models on trial: the rows they are judged on, their answers, and the numbers these come to."""
