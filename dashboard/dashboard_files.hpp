#pragma once

#include <span>
#include <string_view>

namespace hatchery::dashboard {

/// A file of the web page as it is sent, made by dashboard/build.mjs. Its bytes live as long as the
/// program.
struct WebFile {
    /// `/` for the page itself; below `/assets/`, with a digest of its content in the name, what
    /// the page loads.
    std::string_view path;
    std::string_view type;
    std::string_view plain;
    std::string_view gzip;
    std::string_view brotli;
    /// A digest of the content.
    std::string_view digest;
};

[[nodiscard]] std::span<const WebFile> web_files();

}  // namespace hatchery::dashboard
