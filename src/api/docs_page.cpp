#include "api/docs_page.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api {

namespace {

using base::Json;

constexpr std::string_view style = R"(
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1rem}
h2{margin-top:2.5rem;border-bottom:1px solid}
code,pre{font:.9em/1.45 ui-monospace,monospace}
pre{overflow-x:auto;padding:.6rem;border:1px solid;border-radius:4px}
details{margin:.5rem 0;padding:.4rem .8rem;border:1px solid;border-radius:4px}
summary{cursor:pointer}
.m{display:inline-block;min-width:4.5rem;font-weight:700}
td,th{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0}
nav a{margin-right:1rem}
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out.push_back(c);
        }
    }
    return out;
}

/// Text of the document, where `word` in backquotes is code.
std::string prose(std::string_view text) {
    std::string out;
    bool code = false;
    for (const char c : escaped(text)) {
        if (c != '`') {
            out.push_back(c);
            continue;
        }
        out += code ? "</code>" : "<code>";
        code = !code;
    }
    return out + (code ? "</code>" : "");
}

const Json& find(const Json& document, std::string_view reference) {
    const Json* value = &document;
    reference.remove_prefix(2);
    while (!reference.empty()) {
        const auto slash = std::min(reference.find('/'), reference.size());
        value = &value->at(std::string(reference.substr(0, slash)));
        reference.remove_prefix(std::min(slash + 1, reference.size()));
    }
    return *value;
}

const Json& resolved(const Json& document, const Json& value) {
    const auto reference = value.find("$ref");
    return reference == value.end() ? value : find(document, reference->get<std::string>());
}

std::string last_part(const std::string& reference) {
    return reference.substr(reference.rfind('/') + 1);
}

/// A schema in a few words, with links to the named ones.
std::string type_of(const Json& schema) {
    if (const auto reference = schema.find("$ref"); reference != schema.end()) {
        const auto name = last_part(reference->get<std::string>());
        return "<a href=\"#schema-" + name + "\">" + name + "</a>";
    }
    for (const char* word : {"oneOf", "anyOf", "allOf"}) {
        const auto parts = schema.find(word);
        if (parts == schema.end()) continue;
        std::string text;
        for (const auto& part : *parts) {
            text += (text.empty()                        ? ""
                     : std::string_view(word) == "allOf" ? " and "
                                                         : " or ") +
                    type_of(part);
        }
        return text;
    }
    if (const auto values = schema.find("enum"); values != schema.end()) {
        std::string text;
        for (const auto& value : *values) {
            text += (text.empty() ? "<code>" : ", <code>") + escaped(value.dump()) + "</code>";
        }
        return text;
    }
    const auto type = schema.find("type");
    if (type == schema.end()) return "anything";
    if (*type == "array" && schema.contains("items")) return "list of " + type_of(schema["items"]);
    std::string text = type->is_string() ? type->get<std::string>() : "";
    for (const auto& one : type->is_array() ? *type : Json::array()) {
        text += (text.empty() ? "" : " or ") + one.get<std::string>();
    }
    if (schema.contains("format")) text += " (" + schema["format"].get<std::string>() + ")";
    return text;
}

/// What bounds a value besides its type.
std::string limits_of(const Json& schema) {
    static constexpr auto words =
        std::to_array<std::pair<const char*, const char*>>({{"minimum", "at least "},
                                                            {"maximum", "at most "},
                                                            {"minLength", "length at least "},
                                                            {"maxLength", "length at most "},
                                                            {"maxItems", "items at most "},
                                                            {"pattern", "like "},
                                                            {"default", "default "}});
    std::string text;
    for (const auto& [word, phrase] : words) {
        const auto value = schema.find(word);
        if (value == schema.end()) continue;
        const auto shown = value->is_string() ? value->get<std::string>() : value->dump();
        text += (text.empty() ? "" : ", ") + std::string(phrase) + "<code>" + escaped(shown) +
                "</code>";
    }
    return text;
}

std::string row(const std::string& name, const Json& schema, bool required,
                const std::string& description) {
    const auto limits = limits_of(schema);
    return "<tr><td><code>" + escaped(name) + "</code>" + (required ? " *" : "") + "</td><td>" +
           type_of(schema) + "</td><td>" + prose(description) +
           (limits.empty() ? "" : (description.empty() ? "" : " ") + limits) + "</td></tr>\n";
}

std::string properties_of(const Json& schema) {
    std::string rows;
    std::vector<std::string> required;
    if (schema.contains("required")) schema["required"].get_to(required);
    if (!schema.contains("properties")) return {};
    for (const auto& [name, inner] : schema["properties"].items()) {
        const bool needed = std::find(required.begin(), required.end(), name) != required.end();
        rows += row(name, inner, needed, base::json_string(inner, "description"));
    }
    return "<table>\n" + rows + "</table>\n";
}

/// A body or an answer: the named type, or the properties themselves.
std::string content_of(const Json& content) {
    std::string text;
    for (const auto& [type, media] : content.items()) {
        const Json& schema = media.at("schema");
        text += "<code>" + escaped(type) + "</code>: " + type_of(schema);
        text += schema.contains("$ref") ? std::string("\n") : "\n" + properties_of(schema);
    }
    return text;
}

std::string parameters_of(const Json& document, const Json& item, const Json& operation) {
    std::string rows;
    for (const Json* of : {&item, &operation}) {
        if (!of->contains("parameters")) continue;
        for (const auto& listed : (*of)["parameters"]) {
            const Json& parameter = resolved(document, listed);
            rows += row(base::json_string(parameter, "name"), parameter.at("schema"),
                        parameter.value("required", false),
                        "In the " + base::json_string(parameter, "in") + ". " +
                            base::json_string(parameter, "description"));
        }
    }
    return rows.empty() ? "" : "<h4>Parameters</h4>\n<table>\n" + rows + "</table>\n";
}

std::string operation_of(const Json& document, const std::string& path, const std::string& method,
                         const Json& item) {
    const Json& operation = item.at(method);
    std::string verb = method;
    std::transform(verb.begin(), verb.end(), verb.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    std::string text = "<details><summary><span class=\"m\">" + verb + "</span> <code>" +
                       escaped(path) + "</code> " + prose(base::json_string(operation, "summary")) +
                       "</summary>\n";
    if (const auto more = base::json_string(operation, "description"); !more.empty()) {
        text += "<p>" + prose(more) + "</p>\n";
    }
    text += parameters_of(document, item, operation);
    if (operation.contains("requestBody")) {
        text += "<h4>Body</h4>\n" +
                content_of(resolved(document, operation["requestBody"]).at("content"));
    }
    text += "<h4>Answers</h4>\n<table>\n";
    for (const auto& [status, listed] : operation.at("responses").items()) {
        const Json& response = resolved(document, listed);
        text += "<tr><td><code>" + escaped(status) + "</code></td><td>" +
                prose(base::json_string(response, "description")) + " " +
                (response.contains("content") ? content_of(response["content"]) : "") +
                "</td></tr>\n";
    }
    return text + "</table>\n</details>\n";
}

bool has_tag(const Json& operation, const std::string& tag) {
    const auto tags = operation.find("tags");
    return tags != operation.end() && std::find(tags->begin(), tags->end(), tag) != tags->end();
}

std::string section_of(const Json& document, const Json& tag) {
    const auto name = base::json_string(tag, "name");
    std::string text = "<h2 id=\"" + escaped(name) + "\">" + escaped(name) + "</h2>\n<p>" +
                       prose(base::json_string(tag, "description")) + "</p>\n";
    for (const auto& [path, item] : document.at("paths").items()) {
        for (const auto& [method, operation] : item.items()) {
            if (method == "parameters" || !has_tag(operation, name)) continue;
            text += operation_of(document, path, method, item);
        }
    }
    return text;
}

}  // namespace

DocsPage docs_page(std::string_view document_text) {
    const Json document = Json::parse(document_text);
    const auto title = escaped(base::json_string(document.at("info"), "title"));
    std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
    html += "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" + title +
            " API</title>\n<style>" + std::string(style) + "</style></head><body>\n<h1>" + title +
            " API</h1>\n<p>" + prose(base::json_string(document.at("info"), "description")) +
            "</p>\n<p>For programs: <a href=\"/openapi.json\">/openapi.json</a>. A star marks what "
            "must be there.</p>\n<nav>";
    for (const auto& tag : document.at("tags")) {
        const auto name = escaped(base::json_string(tag, "name"));
        html += "<a href=\"#" + name + "\">" + name + "</a>";
    }
    html += "<a href=\"#schemas\">types</a></nav>\n";
    for (const auto& tag : document.at("tags")) html += section_of(document, tag);
    html += "<h2 id=\"schemas\">Types</h2>\n";
    for (const auto& [name, schema] : document.at("components").at("schemas").items()) {
        html += "<h3 id=\"schema-" + escaped(name) + "\">" + escaped(name) + "</h3>\n<p>" +
                type_of(schema) + ". " + prose(base::json_string(schema, "description")) +
                "</p>\n" + properties_of(schema);
    }
    const auto digest = base::hex_decode(crypto::sha256_hex(style)).value();
    return {.html = html + "</body></html>\n",
            .policy = "default-src 'none'; style-src 'sha256-" + base::base64_encode(digest) +
                      "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"};
}

}  // namespace hatchery::api
