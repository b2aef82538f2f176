"""Files of models and of trainings."""
