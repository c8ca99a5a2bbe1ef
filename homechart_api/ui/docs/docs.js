// Reads the OpenAPI document and shows it. Keys that are typed into "Authorize" stay in this page's memory.

window.SwaggerUIBundle({
  dom_id: "#documentation",
  url: "/api/openapi.json",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  tryItOutEnabled: true,
  // without it the document would be sent to swagger.io to be checked
  validatorUrl: "none",
});
