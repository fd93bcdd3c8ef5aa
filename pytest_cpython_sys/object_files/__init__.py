"""What libraries export, and what object files hold."""
