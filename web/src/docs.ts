// The page /docs: the shop's OpenAPI document, to read and to try. It is an entry of
// its own, so that no buyer loads it.
import 'swagger-ui-dist/swagger-ui.css'
import './docs.css'
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'

SwaggerUI({
  url: '/api/openapi.yaml',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false, // a token is not for the browser's storage
  validatorUrl: null, // nothing is sent anywhere else
})
