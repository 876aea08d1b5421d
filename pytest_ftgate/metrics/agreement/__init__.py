"""Labels of several raters -> how far they agree beyond chance, each number with n and bounds."""
