"""GGUF models, served by llama.cpp's own server through xllamacpp."""
