"""StyleGAN2, encoders, losses, the optimisation engine and model packs (paper, section 4.2). Torch only."""
