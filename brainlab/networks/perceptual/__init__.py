"""Networks whose features tell how alike two images look: in place of pixels, for training and for evaluation."""
