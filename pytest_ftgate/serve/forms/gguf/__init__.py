"""Merged model -> GGUF, for llama.cpp."""
