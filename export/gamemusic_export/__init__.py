"""How moods are made: corpus, dataset, training, export."""
