# cmake -DSCRIPT=base-image.sh -DOUT=file.cpp -P base-image-embed.cmake
file(READ "${SCRIPT}" content)
file(WRITE "${OUT}" "#include \"sandbox/hosts/base_image_script.hpp\"

namespace hatchery::sandbox {

std::string_view base_image_script() {
    return R\"embed~(${content})embed~\";
}

}  // namespace hatchery::sandbox
")
