"""Production inputs: sampled, anonymised, labelled by people, proposed as golden cases or training rows."""
