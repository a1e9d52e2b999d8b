#pragma once

#include <string>
#include <string_view>

namespace hatchery::api {

/// A page for people and what a browser may do on it.
struct DocsPage {
    std::string html;
    /// For Content-Security-Policy: the page's own style and nothing else, by its digest.
    std::string policy;
};

/// The OpenAPI document as one page: without scripts, and nothing is loaded from anywhere. Pure.
/// `document` must be the JSON of an OpenAPI 3.1 document.
[[nodiscard]] DocsPage docs_page(std::string_view document);

}  // namespace hatchery::api
