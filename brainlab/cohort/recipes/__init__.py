"""Preparation recipes: what one is, and those that there are."""

from brainlab.cohort.recipes.recipe import PreparationRecipe
from brainlab.cohort.recipes.registry import PAPER_EXACT, RECIPES, find_recipe, flair_blocks

__all__ = ["PAPER_EXACT", "RECIPES", "PreparationRecipe", "find_recipe", "flair_blocks"]
