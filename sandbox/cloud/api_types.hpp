#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace hatchery::sandbox {

/// One HTTP request, as the API sees it.
struct ApiCall {
    std::string method;
    /// Decoded, with "/v1" in front.
    std::string path;
    std::multimap<std::string, std::string> query;
    /// The value of the Authorization header.
    std::string authorization;
    std::string body;
};

struct ApiAnswer {
    int status = 200;
    /// Nothing is sent when it is null, as with 204.
    nlohmann::json body;
    std::vector<std::pair<std::string, std::string>> headers;
    /// The connection is closed without a byte of answer.
    bool lost = false;
};

/// Thrown by a route to answer with an error; becomes {"error":{code,message,details}}.
struct ApiError {
    int status = 500;
    std::string code;
    std::string message;
    nlohmann::json details;
};

}  // namespace hatchery::sandbox
