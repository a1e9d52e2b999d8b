#include "sandbox/hosts/base_image.hpp"

#include <cstdint>
#include <string_view>

#include "sandbox/hosts/base_image_script.hpp"
#include "sandbox/hosts/system.hpp"

namespace hatchery::sandbox {
namespace {

/// FNV-1a, which is enough to tell one version of a script from another.
std::string checksum(std::string_view text) {
    std::uint64_t hash = 1469598103934665603ULL;
    for (const char character : text) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ULL;
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string result;
    for (int shift = 28; shift >= 0; shift -= 4) {
        result += kDigits[(hash >> shift) & 15U];
    }
    return result;
}

}  // namespace

Result<std::filesystem::path> ensure_base_image(const std::filesystem::path& cache_dir,
                                                const Log& log) {
    const std::string_view script = base_image_script();
    const std::filesystem::path image = cache_dir / ("debian-12-" + checksum(script));
    std::error_code error;
    if (std::filesystem::exists(image / "usr", error)) {
        return image;
    }
    log("event=base_image_missing path=" + image.string());
    if (auto built =
            run_command({"bash", "-s", "--", image.string()}, script, OutputTo::standard_error);
        !built) {
        return failure("the base image could not be built: " + built.error());
    }
    return image;
}

}  // namespace hatchery::sandbox
