"""RunReport -> one HTML file that opens from `file://`, asks the network nothing, and reads well without JavaScript."""
