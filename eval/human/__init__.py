"""What people judge and correct, as local web pages: blind comparison (paper, section 5.3) and review (Fig. 9)."""
