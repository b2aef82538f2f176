"""Operations, family by family."""
