#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_value.hpp"

namespace hatchery::e2e {

struct Answer {
    int status = 0;
    base::Json body;
};

/// JSON over HTTP to one of the programs under test.
class ApiClient {
public:
    /// `base_url` may have a path; `bearer` may be empty.
    ApiClient(const std::string& base_url, std::string bearer);

    [[nodiscard]] Answer get(const std::string& path) const { return send("GET", path, nullptr); }
    /// The body of an answer that is no JSON.
    [[nodiscard]] std::string text(const std::string& path) const;
    Answer post(const std::string& path, const base::Json& body) const {
        return send("POST", path, &body);
    }
    /// Under an Idempotency-Key.
    Answer post_once(const std::string& path, const base::Json& body,
                     const std::string& key) const {
        return send("POST", path, &body, key);
    }
    Answer put(const std::string& path, const base::Json& body) const {
        return send("PUT", path, &body);
    }
    Answer remove(const std::string& path) const { return send("DELETE", path, nullptr); }

private:
    Answer send(const std::string& method, const std::string& path, const base::Json* body,
                const std::string& key = {}) const;
    std::string origin_;
    std::string prefix_;
    std::string bearer_;
};

}  // namespace hatchery::e2e
