#include "bundles/local_bundles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/json_value.hpp"

namespace hatchery::bundles {

namespace {

constexpr std::string_view manifest_suffix = ".manifest.json";

std::optional<std::string> read_small_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The bundle that a manifest describes, if its archive and its sum are there and agree.
std::optional<ports::ReleaseBundle> read_bundle(const std::filesystem::path& manifest_path) {
    const auto text = read_small_file(manifest_path);
    if (!text) return std::nullopt;
    const auto manifest = base::parse_json(*text);
    if (!manifest) return std::nullopt;
    const auto archive = manifest_path.parent_path() / base::json_string(*manifest, "bundle");
    const auto sum = read_small_file(archive.string() + ".sha256");
    const std::string sha256 = base::json_string(*manifest, "sha256");
    if (!sum || sha256.size() != 64 || !sum->starts_with(sha256)) return std::nullopt;
    std::error_code error;
    const auto bytes = std::filesystem::file_size(archive, error);
    if (error || static_cast<long long>(bytes) != base::json_int(*manifest, "bytes")) {
        return std::nullopt;
    }
    return ports::ReleaseBundle{.version = base::json_string(*manifest, "openclawVersion"),
                                .path = archive.string(),
                                .sha256 = sha256,
                                .bytes = bytes};
}

class LocalBundles final : public ports::ReleaseBundles {
public:
    LocalBundles(std::string folder, std::string version)
        : folder_(std::move(folder)), version_(std::move(version)) {}

    base::Result<ports::ReleaseBundle> current() override {
        const auto bundles = list_bundles(folder_);
        const auto found = std::ranges::find(bundles, version_, &ports::ReleaseBundle::version);
        if (found != bundles.end()) return *found;
        return base::fail(
            base::ErrorKind::invalid,
            fmt::format("There is no release bundle of OpenClaw {} in {}.", version_, folder_),
            fmt::format("Run `hatchery bundle build --version {}`.", version_));
    }

private:
    std::string folder_;
    std::string version_;
};

}  // namespace

std::unique_ptr<ports::ReleaseBundles> make_local_bundles(std::string folder, std::string version) {
    return std::make_unique<LocalBundles>(std::move(folder), std::move(version));
}

std::vector<ports::ReleaseBundle> list_bundles(const std::string& folder) {
    std::vector<ports::ReleaseBundle> bundles;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (!entry.path().filename().string().ends_with(manifest_suffix)) continue;
        if (auto bundle = read_bundle(entry.path())) bundles.push_back(*std::move(bundle));
    }
    std::ranges::sort(bundles, {}, &ports::ReleaseBundle::path);
    return bundles;
}

}  // namespace hatchery::bundles
