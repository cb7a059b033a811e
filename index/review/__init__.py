"""What an analyst sees and may decide: the queue, one case, its source. Plain values in, frozen values out."""
