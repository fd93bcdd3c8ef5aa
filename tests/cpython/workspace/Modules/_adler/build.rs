fn main() {
    cpython_build_helper::print_linker_args();
}
