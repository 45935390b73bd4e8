import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './view/App.tsx';

const root = document.getElementById('page');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
