"""bindgen's layout tests in the compile-time style, which no other runner shows."""
