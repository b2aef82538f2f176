"""Operations that view, move, select or resample elements."""
